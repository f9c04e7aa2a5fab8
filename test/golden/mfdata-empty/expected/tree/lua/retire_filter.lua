-- The last answer of a retiring worker says so: the client sends its next request on another connection.
if package.loaded["metwork.retire"].on and ngx.status ~= 101 and ngx.req.http_version() < 2 then
  ngx.header["Connection"] = "close"
end
