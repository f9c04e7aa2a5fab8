return { roar = function() return "roar" end }
