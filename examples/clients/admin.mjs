// The admin API with JavaScript, on Node 22 or newer, or in anything else that has fetch.
//
//   export ISSUER=http://localhost:3000 ADMIN_APP=automation ADMIN_SECRET=cs_app_...
//   node admin.mjs create 'Nightly report' read     makes an app with these scopes, and prints its id and its secret
//   node admin.mjs rotate APP_ID [SECONDS]          gives it another secret; the old ones work for a day, or for so long
//   node admin.mjs list [WORD]                      prints every app, or those with the word, one JSON object a line

const { ISSUER, ADMIN_APP, ADMIN_SECRET } = process.env;

/** Client credentials (RFC 6749 section 4.4). */
async function getToken() {
  // In Basic authentication, both are form-encoded first (RFC 6749 section 2.3.1).
  const pair = [ADMIN_APP, ADMIN_SECRET].map(encodeURIComponent).join(':');
  const response = await fetch(`${ISSUER}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(pair)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${response.status} ${answer.error}: ${answer.error_description}`);
  return answer.access_token;
}

/** Calls the admin API. What is refused says in `detail` how to go on. */
async function api(token, method, path, body) {
  const response = await fetch(`${ISSUER}/api/admin/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = response.status === 204 ? undefined : await response.json();
  if (!response.ok) throw new Error(`${response.status} ${answer.title}: ${answer.detail}`);
  return answer;
}

/** Every thing of a list, part by part. */
async function* all(token, path, query = {}) {
  let cursor;
  do {
    const part = new URLSearchParams({ ...query, limit: '200', ...(cursor && { cursor }) });
    const { items, next_cursor } = await api(token, 'GET', `${path}?${part}`);
    yield* items;
    cursor = next_cursor;
  } while (cursor);
}

const commands = {
  async create(token, name, ...scopes) {
    const { id, secret } = await api(token, 'POST', '/apps', { name, grants: ['client_credentials'], scopes });
    print({ id, secret: secret.value });
  },

  async rotate(token, appId, overlapSeconds = '86400') {
    const secrets = `/apps/${encodeURIComponent(appId)}/secrets`;
    const old = [];
    for await (const { id, expires_at } of all(token, secrets)) if (expires_at === null) old.push(id);
    // The new one first: should anything fail after it, the old ones still work.
    const { id, value } = await api(token, 'POST', secrets, { label: 'rotated' });
    print({ id, secret: value });
    for (const one of old) await api(token, 'PATCH', `${secrets}/${one}`, { expires_in: Number(overlapSeconds) });
  },

  async list(token, word) {
    for await (const { id, name } of all(token, '/apps', word === undefined ? {} : { q: word })) print({ id, name });
  },
};

function print(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

const [command = '', ...words] = process.argv.slice(2);
try {
  if (!(ISSUER && ADMIN_APP && ADMIN_SECRET)) throw new Error('Set ISSUER, ADMIN_APP and ADMIN_SECRET.');
  if (!Object.hasOwn(commands, command))
    throw new Error('Say create NAME SCOPE..., rotate APP_ID [SECONDS] or list [WORD].');
  await commands[command](await getToken(), ...words);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
