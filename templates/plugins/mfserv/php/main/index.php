<?php
// Every URL that does not end with .php leads to an index.php: /{{name}} to this one.
header('Content-Type: text/plain; charset=utf-8');
echo "Hello world !\n";
