-- Runs once in each nginx worker, when it starts.
ngx.log(ngx.INFO, "{{name}} is ready")
