-- An answer of a worker that is about to end is the last: the client sends its next request on another connection.
if package.loaded["metwork.retire"].on and ngx.status ~= 101 and ngx.req.http_version() < 2 then
  ngx.header["Connection"] = "close"
end
