-- Takes an uploaded file: nginx writes the body beside the watched directories, one rename makes it appear there
-- complete. PUT /<name>, PUT /<directory>/<name>, POST /, POST /<directory>.
local ffi = require "ffi"
local C = ffi.C
local NAME = "^[A-Za-z0-9,;:_.-]+$"
local LONGEST_NAME = 255
local CHUNK = 256 * 1024
local AT_FDCWD, RENAME_NOREPLACE, EEXIST, EINVAL, ENOSYS = -100, 1, 17, 22, 38
-- EIO, ENOSPC, EROFS, EDQUOT: the disk cannot take it now.
local PASSING = { [5] = true, [28] = true, [30] = true, [122] = true }

-- Declared once per worker, whatever configuration declared it first.
if not package.loaded["metwork.upload"] then
  package.loaded["metwork.upload"] = true
  ffi.cdef [[
    int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned int flags);
    void *EVP_MD_CTX_new(void);
    void EVP_MD_CTX_free(void *context);
    const void *EVP_get_digestbyname(const char *name);
    int EVP_DigestInit_ex(void *context, const void *type, void *engine);
    int EVP_DigestUpdate(void *context, const char *data, size_t size);
    int EVP_DigestFinal_ex(void *context, unsigned char *out, unsigned int *size);
  ]]
end

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

local function refuse_for_now()
  return refuse(507, "no more files are taken now, try again later")
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

-- The digest of what `read` gives piece by piece, until it gives nothing; nil: no such algorithm.
local function digest(algorithm, read)
  local context = ffi.gc(C.EVP_MD_CTX_new(), C.EVP_MD_CTX_free)
  local kind = C.EVP_get_digestbyname(algorithm)
  if kind == nil or C.EVP_DigestInit_ex(context, kind, nil) ~= 1 then return nil end
  for piece in read do C.EVP_DigestUpdate(context, piece, #piece) end
  local out, size = ffi.new("unsigned char[64]"), ffi.new("unsigned int[1]")
  C.EVP_DigestFinal_ex(context, out, size)
  return ffi.string(out, size[0])
end

local function digest_of_file(algorithm, path)
  local file = io.open(path, "rb")
  if file == nil then return nil end
  local found = digest(algorithm, function()
    -- Others have their turn between two pieces of a large file.
    ngx.sleep(0)
    return file:read(CHUNK)
  end)
  file:close()
  return found
end

local function hex_of(text)
  local given = text
  local bytes = digest("SHA256", function()
    local piece = given
    given = nil
    return piece
  end)
  return (bytes:gsub(".", function(byte) return string.format("%02x", byte:byte()) end))
end

local function same(a, b)
  local difference = bit.bxor(#a, #b)
  for index = 1, math.min(#a, #b) do difference = bit.bor(difference, bit.bxor(a:byte(index), b:byte(index))) end
  return difference == 0
end

-- A header that came several times counts as one list.
local function header(name)
  local value = ngx.req.get_headers()[name]
  return type(value) == "table" and table.concat(value, ", ") or value
end

-- The secret and, where the client says it, the name of a key.
local function credentials()
  local scheme, rest = (header("authorization") or ""):match("^(%a+) +(%S+)$")
  if scheme == nil then return end
  if scheme:lower() == "bearer" then return rest end
  if scheme:lower() ~= "basic" then return end
  local name, secret = (ngx.decode_base64(rest) or ""):match("^([^:]*):(.*)$")
  return secret, name
end

-- Whether the client has a key, and whether that is for the directory. Lines: name, SHA-256 of the secret, directories.
-- All lines are compared, so that the time tells nothing.
local function authorised(keys, directory)
  local secret, asked = credentials()
  if secret == nil then return false end
  local hash, known, allowed = hex_of(secret), false, false
  local file = io.open(keys, "r")
  if file == nil then return false end
  for line in file:lines() do
    local name, stored, directories = line:match("^(%S+) (%x+) ?(%S*)$")
    if name ~= nil and same(hash, stored) and (asked == nil or asked == "" or asked == name) then
      known = true
      allowed = directories == "" or ("," .. directories .. ","):find("," .. directory .. ",", 1, true) ~= nil
    end
  end
  file:close()
  return known, allowed
end

local ALGORITHMS = { ["sha-256"] = "SHA256", ["sha-512"] = "SHA512" }

-- The digests the client sent (RFC 9530, and RFC 3230 before it): algorithm, bytes. What it says of others is not looked at.
local function claimed_digests()
  local found = {}
  local function take(name, text)
    local algorithm = ALGORITHMS[name:lower()]
    if algorithm ~= nil then found[#found + 1] = { algorithm, ngx.decode_base64(text) or "" } end
  end
  for _, field in ipairs { "content-digest", "repr-digest" } do
    for name, text in (header(field) or ""):gmatch("([%w-]+)=:([^:]*):") do take(name, text) end
  end
  for name, text in (header("digest") or ""):gmatch("([%w-]+)=([^,%s]+)") do take(name, text) end
  local md5 = header("content-md5")
  if md5 ~= nil then found[#found + 1] = { "MD5", ngx.decode_base64(md5) or "" } end
  return found
end

local function is_intact(path)
  for _, claim in ipairs(claimed_digests()) do
    if digest_of_file(claim[1], path) ~= claim[2] then return false end
  end
  return true
end

-- Where the complete body lies, under a name of its own; nginx keeps no file for an empty one.
local function body_file()
  local path = ngx.req.get_body_file()
  if path ~= nil then return path end
  path = ngx.var.metwork_upload_scratch .. "/" .. ngx.var.request_id .. ".empty"
  local file, problem, errno = io.open(path, "w")
  if file == nil then return nil, problem, errno end
  file:close()
  return path
end

local function exists(path)
  local file = io.open(path, "r")
  if file ~= nil then file:close() end
  return file ~= nil
end

-- One rename, which replaces nothing: "moved", "taken", or nil, why not, and the error's number.
local function move(from, to)
  if C.renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 then return "moved" end
  local errno = ffi.errno()
  if errno == EEXIST then return "taken" end
  if errno ~= EINVAL and errno ~= ENOSYS then return nil, "error " .. errno, errno end
  -- Network file systems know no such rename.
  if exists(to) then return "taken" end
  local moved, problem, number = os.rename(from, to)
  return moved and "moved" or nil, problem, number
end

local method = ngx.req.get_method()
if method ~= "PUT" and method ~= "POST" then return refuse(405, "the method is neither PUT nor POST") end

local directory, name = parse(method, ngx.var.uri)
if directory == nil then return refuse(400, "bad URL") end

local keys = ngx.var.metwork_upload_keys
if keys ~= "" then
  local known, allowed = authorised(keys, directory)
  if not known then
    ngx.header["WWW-Authenticate"] = 'Basic realm="uploads"'
    return refuse(401, "a key is needed")
  end
  if not allowed then return refuse(403, "the key is not for " .. directory) end
end

ngx.var.metwork_upload_name = directory
local target = ngx.var.metwork_upload_directory
if target == "" then return refuse(400, "no files are taken for " .. directory) end
if exists(ngx.var.metwork_upload_refusing) then return refuse_for_now() end

ngx.req.read_body()
local body, problem, errno = body_file()
if body == nil then
  ngx.log(ngx.ERR, "no room for an empty body: ", problem)
  if PASSING[errno] then return refuse_for_now() end
  return refuse(500, "the file could not be written")
end
if not is_intact(body) then
  os.remove(body)
  return refuse(400, "the content does not match its digest")
end

local moved, why, number = move(body, target .. "/" .. name)
if moved == "moved" then return reply(201, "Created\n") end
os.remove(body)
if moved == "taken" then return refuse(409, name .. " is there and has not been taken up yet") end
ngx.log(ngx.ERR, "cannot move an upload into place: ", why)
if PASSING[number] then return refuse_for_now() end
return refuse(500, "the file could not be moved into " .. directory)
