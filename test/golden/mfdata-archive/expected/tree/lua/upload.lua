-- Takes an uploaded file: nginx writes the body beside the watched directories, one rename makes it appear there
-- complete. PUT /<name>, PUT /<directory>/<name>, POST /, POST /<directory>.
local NAME = "^[A-Za-z0-9,;:_.-]+$"
local LONGEST_NAME = 255

local function reply(status, text)
  ngx.status = status
  ngx.header["Content-Type"] = "text/plain"
  ngx.print(text)
  return ngx.exit(ngx.HTTP_OK)
end

local function refuse(status, message)
  return reply(status, "HTTP/" .. status .. " ERROR: " .. message .. "\n")
end

local function is_name(text)
  return #text <= LONGEST_NAME and text ~= "." and text ~= ".." and text:find(NAME) ~= nil
end

-- Splits the path into a directory's name and a file's; the method says which of them may be left out.
local function parse(method, uri)
  local path = uri:gsub("^/+", ""):gsub("/+$", "")
  local directory, name
  if method == "POST" then
    directory, name = path, ngx.var.request_id
  else
    directory, name = path:match("^([^/]+)/+([^/]+)$")
    if directory == nil then directory, name = "", path end
  end
  if directory == "" then directory = ngx.var.metwork_upload_first end
  if is_name(directory) and is_name(name) then return directory, name end
end

-- Where the complete body lies, under a name of its own; nginx keeps no file for an empty one.
local function body_file()
  local path = ngx.req.get_body_file()
  if path ~= nil then return path end
  path = ngx.var.metwork_upload_scratch .. "/" .. ngx.var.request_id .. ".empty"
  local file, problem = io.open(path, "w")
  if file == nil then return nil, problem end
  file:close()
  return path
end

local method = ngx.req.get_method()
if method ~= "PUT" and method ~= "POST" then return refuse(405, "the method is neither PUT nor POST") end

local directory, name = parse(method, ngx.var.uri)
if directory == nil then return refuse(400, "bad URL") end

ngx.var.metwork_upload_name = directory
local target = ngx.var.metwork_upload_directory
if target == "" then return refuse(400, "no files are taken for " .. directory) end

ngx.req.read_body()
local body, problem = body_file()
if body == nil then
  ngx.log(ngx.ERR, "no room for an empty body: ", problem)
  return refuse(500, "the file could not be written")
end

local moved, why = os.rename(body, target .. "/" .. name)
if not moved then
  os.remove(body)
  ngx.log(ngx.ERR, "cannot move an upload into place: ", why)
  return refuse(500, "the file could not be moved into " .. directory)
end
return reply(201, "Created\n")
