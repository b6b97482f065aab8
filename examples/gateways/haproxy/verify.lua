-- The action countersign_verify: asks /verify about the request and does what it says.
--   http-request lua.countersign_verify "audience=...&scope=..."
-- The server's address comes from the environment, as in verify.cfg: AUTH_SERVER=127.0.0.1:3000

local verify_url = "http://" .. (os.getenv("AUTH_SERVER") or error("Set AUTH_SERVER to host:port of Countersign.")) .. "/verify"

-- What goes to the check. All values of each: /verify refuses two credentials at once, and must see both to do so.
local asked_with = { "authorization", "x-api-key" }
-- What the API gets, and what the caller gets of a refusal.
local identity = { "x-auth-subject", "x-auth-app", "x-auth-scope", "x-auth-email", "x-auth-token-expires" }
local told = { "www-authenticate", "retry-after", "ratelimit", "ratelimit-policy", "cache-control", "content-type" }

-- HAProxy counts the values of a header from 0, Lua and the HTTP client from 1.
local function values_of(headers, name)
    local values = {}
    local index = 0
    while headers[name] ~= nil and headers[name][index] ~= nil do
        values[#values + 1] = headers[name][index]
        index = index + 1
    end
    return values
end

local function refuse(txn, status, headers, body)
    local reply = txn:reply()
    reply:set_status(status)
    for _, name in ipairs(told) do
        for _, value in ipairs(values_of(headers, name)) do
            reply:add_header(name, value)
        end
    end
    reply:set_body(body)
    txn:done(reply)
end

local function countersign_verify(txn, query)
    local request = txn.http:req_get_headers()
    local asked = {
        -- The address as the caller sent it, for an API that takes ?token=.
        ["x-original-uri"] = { txn.sf:pathq() },
        ["x-original-method"] = { txn.sf:method() },
    }
    for _, name in ipairs(asked_with) do
        local values = values_of(request, name)
        if #values > 0 then asked[name] = values end
    end

    -- HAProxy passes every status on, so /verify may answer 400, 402 and 429 for what they are.
    local answer = core.httpclient():get{
        url = verify_url .. "?statuses=full&" .. query,
        headers = asked,
        timeout = 5000,
    }
    local status = answer and tonumber(answer.status) or 0
    if status == 200 then
        for _, name in ipairs(identity) do
            txn.http:req_del_header(name)
            for _, value in ipairs(values_of(answer.headers, name)) do
                txn.http:req_add_header(name, value)
            end
        end
        -- How much of the rate is left, for the caller: verify.cfg puts it into the response.
        txn:set_var("txn.ratelimit", values_of(answer.headers, "ratelimit")[1])
        txn:set_var("txn.ratelimit_policy", values_of(answer.headers, "ratelimit-policy")[1])
        txn:set_var("txn.checked", true)
    elseif status >= 400 and status < 500 then
        refuse(txn, status, answer.headers, answer.body or "")
    else
        -- Away, or broken: never let the request through.
        local headers = { ["retry-after"] = { [0] = "1" }, ["content-type"] = { [0] = "application/json" } }
        refuse(txn, 503, headers, '{"error":"temporarily_unavailable"}')
    end
end

core.register_action("countersign_verify", { "http-req" }, countersign_verify, 1)
