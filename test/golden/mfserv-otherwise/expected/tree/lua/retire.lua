-- A worker that is told to quit closes its idle connections at once, whatever is just arriving on them. So an old worker
-- retires before: nginx waits a tenth of a second between starting new workers and telling the old ones, and in that time
-- it sees its successors and does itself what quitting means, all but that. Idle connections get one more answer.
local POLL_S = 0.025
-- After that long in silence a connection is closed after all, as any idle one is some day.
local LINGER_S = 5

local leaving = false

-- An answer of a worker that is about to end is the last: the client sends its next request on another connection.
local function mark()
  if leaving and ngx.status ~= 101 and ngx.req.http_version() < 2 then ngx.header["Connection"] = "close" end
end

package.loaded["metwork.retire"] = { mark = mark }

local ffi = require "ffi"
local C = ffi.C
local known = pcall(function()
  ffi.cdef [[
    extern void *ngx_cycle;
    extern uintptr_t ngx_exiting;
    void ngx_set_shutdown_timer(void *cycle);
    void ngx_close_listening_sockets(void *cycle);
    void ngx_close_idle_connections(void *cycle);
  ]]
  return C.ngx_cycle, C.ngx_exiting, C.ngx_set_shutdown_timer, C.ngx_close_listening_sockets, C.ngx_close_idle_connections
end)
if not known then return ngx.log(ngx.WARN, "this nginx hides what a quiet reload needs; reloads reset some connections") end

-- The same for all workers of one configuration, also for one that takes a killed one's place.
local own = tostring(ffi.cast("uintptr_t", C.ngx_cycle))
local shared = ngx.shared.metwork
shared:set("serving", own)
shared:delete("loading")

local function close_idle()
  C.ngx_close_idle_connections(C.ngx_cycle)
end

local function retire()
  ngx.timer.at(LINGER_S, close_idle)
  C.ngx_exiting = 1
  C.ngx_set_shutdown_timer(C.ngx_cycle)
  C.ngx_close_listening_sockets(C.ngx_cycle)
end

local retired = false
ngx.timer.every(POLL_S, function(quitting)
  local serving = shared:get("serving")
  if serving ~= nil and serving ~= own and not quitting and not retired then
    retired = true
    retire()
  end
  leaving = retired or quitting or shared:get("loading") == true
end)
