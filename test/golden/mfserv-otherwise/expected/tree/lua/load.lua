-- The master reads a new configuration. Until its workers run, or it is given up, the old ones send their clients away.
ngx.shared.metwork:set("loading", true, 10)
