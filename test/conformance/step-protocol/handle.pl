sub handle {
    my ($path, $tags, $set, $send) = @_;
    open my $file, '<', $path or return "it cannot be read: $!";
    my $wanted = join '', <$file>;
    if ($wanted eq 'tag') { $set->{colour} = 'blue' }
    elsif ($wanted eq 'pass') { push @$send, [$path, 'archive/main'] }
    elsif ($wanted eq 'make') {
        my $new = "$ENV{MFDATA_DATA_IN_DIR}/tmp/conf.main.work/new";
        open my $made, '>', $new or return "it cannot be made: $!";
        print $made 'made';
        close $made;
        push @$send, [$new, 'archive/main'];
    }
    else { return 'it is not wanted' }
    return '';
}
1;
