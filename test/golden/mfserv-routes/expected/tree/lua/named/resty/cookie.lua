return assert(loadfile("/usr/share/lua/5.1/nginx/cookie.lua"))(...)
