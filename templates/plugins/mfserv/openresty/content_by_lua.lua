-- Answers a request.
ngx.say("Hello World, this is request_id: " .. ngx.var.metwork_request_id)
