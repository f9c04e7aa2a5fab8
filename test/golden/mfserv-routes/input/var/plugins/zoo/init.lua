ngx.log(ngx.NOTICE, "zoo opens")
