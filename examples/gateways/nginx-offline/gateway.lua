-- Verifies access tokens of Countersign offline, and follows its list of what is revoked.
local base64 = require("ngx.base64")
local cjson = require("cjson.safe")
local digest = require("openssl.digest")
local pkey = require("openssl.pkey")

local KEYS_SECONDS = 60
local revocations = ngx.shared.revocations
local settings
local M = {}

function M.configure(chosen)
    settings = chosen
    settings.host, settings.port = chosen.server:match("^(.-):?(%d*)$")
    settings.port = tonumber(settings.port) or (chosen.tls and 443 or 80)
end

-- Keys: RSA only. OpenSSL wants them as DER (RFC 8017, RFC 5280), JWKS has two numbers.

local function der(tag, content)
    local size = #content
    local length = size < 128 and string.char(size)
        or string.char(0x82, math.floor(size / 256), size % 256)
    return string.char(tag) .. length .. content
end

local function der_integer(encoded)
    local bytes = base64.decode_base64url(encoded):gsub("^%z+", "")
    return der(0x02, bytes:byte() >= 128 and "\0" .. bytes or bytes)
end

local RSA_ENCRYPTION = der(0x30, "\6\9\42\134\72\134\247\13\1\1\1\5\0")

local function public_key(jwk)
    local numbers = der(0x30, der_integer(jwk.n) .. der_integer(jwk.e))
    local encoded = ngx.encode_base64(der(0x30, RSA_ENCRYPTION .. der(0x03, "\0" .. numbers)))
    local lines = encoded:gsub(("."):rep(64), "%0\n")
    return pkey.new("-----BEGIN PUBLIC KEY-----\n" .. lines .. "\n-----END PUBLIC KEY-----\n")
end

local known_jwks, keys

-- Each worker makes them of what the one that follows has fetched.
local function key_of(kid)
    local jwks = revocations:get("jwks")
    if jwks ~= known_jwks then
        keys = {}
        for _, jwk in ipairs(cjson.decode(jwks).keys) do
            if jwk.kty == "RSA" and jwk.alg == "RS256" then keys[jwk.kid] = public_key(jwk) end
        end
        known_jwks = jwks
    end
    return keys and keys[kid]
end

-- The payload of a JWT that one of the keys has signed with RS256, or nil. Never asks the token which algorithm.
local function verify(token, typ)
    local head, body, signature = token:match("^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$")
    if not head then return nil end
    local header = cjson.decode(base64.decode_base64url(head) or "")
    signature = base64.decode_base64url(signature)
    if type(header) ~= "table" or header.alg ~= "RS256" or header.typ ~= typ or header.crit ~= nil or not signature
    then return nil end
    local key = type(header.kid) == "string" and key_of(header.kid)
    if not key or not key:verify(signature, digest.new("sha256"):update(head .. "." .. body)) then return nil end
    local payload = cjson.decode(base64.decode_base64url(body) or "")
    return type(payload) == "table" and payload.iss == settings.issuer and payload or nil
end

-- Following the list.

-- HTTP/1.0, so that the answer is not cut into chunks and ends with the connection.
local function get(path, wait_seconds)
    local socket = ngx.socket.tcp()
    socket:settimeouts(2000, 2000, (wait_seconds + 3) * 1000)
    assert(socket:connect(settings.host, settings.port))
    if settings.tls then assert(socket:sslhandshake(nil, settings.host, true)) end
    assert(socket:send("GET " .. path .. " HTTP/1.0\r\nHost: " .. settings.server .. "\r\n\r\n"))
    local answer = assert(socket:receive("*a"))
    socket:close()
    local status, body = answer:match("^HTTP/1%.%d (%d%d%d).-\r\n\r\n(.*)$")
    assert(status == "200", path .. " was answered with " .. tostring(status))
    return body
end

-- What does not fit must not push out anything else: then the list would have holes.
local function keep(name, value, seconds)
    assert(revocations:safe_set(name, value, seconds))
end

local function fetch_keys()
    local jwks = get("/.well-known/jwks.json", 0)
    assert(type(cjson.decode(jwks).keys) == "table", "these are no keys")
    keep("jwks", jwks)
    keep("keys are new", true, KEYS_SECONDS)
end

local function fetch_revocations(wait_seconds)
    local since = revocations:get("next") or "0"
    local answer = get("/.well-known/revocations?since=" .. since .. "&wait=" .. wait_seconds, wait_seconds)
    local feed = verify(answer, "revocations+jwt")
    if not feed then
        -- Perhaps there is a new key.
        revocations:delete("keys are new")
        error("the list of revocations is not signed by " .. settings.issuer)
    end
    local now = ngx.time()
    assert(math.abs(now - feed.iat) <= settings.silence_seconds, "the list is old, or a clock is wrong")
    assert(feed.since == since or feed.since == "0", "the list does not go on where the last one was")
    for claim, ids in pairs(feed.revoked) do
        for id, expires in pairs(ids) do
            if expires > now then keep(claim .. ":" .. id, true, expires - now) end
        end
    end
    for _, id in ipairs(feed.restored.client_id) do revocations:delete("client_id:" .. id) end
    keep("next", feed.next)
    if not feed.more then keep("heard at", now) end
end

local function follow(premature, wait_seconds)
    if premature then return end
    local good, problem = pcall(function()
        if not revocations:get("keys are new") then fetch_keys() end
        fetch_revocations(wait_seconds)
    end)
    if not good then ngx.log(ngx.ERR, "revocations: ", problem) end
    -- After a failure without waiting: so it is also when too many wait already.
    ngx.timer.at(good and 0 or 1, follow, good and settings.wait_seconds or 0)
end

-- One worker does it for all.
function M.follow()
    if ngx.worker.id() == 0 then ngx.timer.at(0, follow, 0) end
end

-- Requests.

local function refuse(status, challenge, code)
    ngx.status = status
    ngx.header["WWW-Authenticate"] = challenge
    ngx.header["Retry-After"] = status == 503 and 1 or nil
    ngx.header["Cache-Control"] = "no-store"
    ngx.header["Content-Type"] = "application/json"
    ngx.say('{"error":"' .. code .. '"}')
    return ngx.exit(status)
end

local function is_revoked(claims)
    local secret = claims.secret_id and claims.secret_id .. "." .. claims.secret_generation
    local marks = { jti = claims.jti, family_id = claims.family_id, secret = secret, client_id = claims.client_id }
    for claim, id in pairs(marks) do
        if revocations:get(claim .. ":" .. id) then return true end
    end
    return false
end

local function has_scope(claims, scope)
    return (" " .. (claims.scope or "") .. " "):find(" " .. scope .. " ", 1, true) ~= nil
end

-- Lets a request with a live token (and scope) through, and tells the API who calls.
function M.require_token(scope)
    local authorization
    for name, value in pairs(ngx.req.get_headers(0)) do
        if name:find("^x%-auth%-") then ngx.req.clear_header(name) end
        if name == "authorization" then authorization = value end
    end
    -- The API knows who calls, and needs no credential that it could log or pass on.
    ngx.req.clear_header("Authorization")
    ngx.req.clear_header("X-API-Key")
    if not authorization then return refuse(401, "Bearer", "missing_token") end

    local heard_at = revocations:get("heard at")
    if not heard_at or ngx.time() - heard_at > settings.silence_seconds then
        return refuse(503, nil, "temporarily_unavailable")
    end
    -- Sent twice, it is a table.
    local token = type(authorization) == "string" and authorization:match("^[Bb][Ee][Aa][Rr][Ee][Rr] +(%S+)$")
    local claims = token and verify(token, "at+jwt")
    if not claims or claims.aud ~= settings.audience or claims.exp <= ngx.now() or is_revoked(claims) then
        return refuse(401, 'Bearer error="invalid_token"', "invalid_token")
    end
    if scope and not has_scope(claims, scope) then
        return refuse(403, 'Bearer error="insufficient_scope", scope="' .. scope .. '"', "insufficient_scope")
    end
    ngx.req.set_header("X-Auth-Subject", claims.sub)
    ngx.req.set_header("X-Auth-App", claims.client_id)
    ngx.req.set_header("X-Auth-Scope", claims.scope)
    ngx.req.set_header("X-Auth-Token-Expires", claims.exp)
end

return M
