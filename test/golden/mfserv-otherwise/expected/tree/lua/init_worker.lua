-- Starts what runs in every nginx worker: the module's own, then what plugins ask for; one that fails does not hinder the others.
local here = debug.getinfo(1, "S").source:match("^@(.*/)")

dofile(here .. "retire.lua")
for _, name in ipairs(dofile(here .. "init_worker_plugins.lua")) do
  local run, problem = loadfile(here .. "init_worker/" .. name .. ".lua")
  local done = run ~= nil
  if run then done, problem = pcall(run) end
  if not done then ngx.log(ngx.ERR, "init_worker of plugin ", name, ": ", tostring(problem)) end
end
