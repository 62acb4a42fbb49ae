// A real issuer of OpenID Connect on this machine, for tests: `node issuer.mjs REDIRECT_URI`. Prints its address, then answers
// until its input ends. Whoever signs in says who they are, and no password counts; `/test/NAME/GROUP,GROUP` puts them into
// groups.
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';

const [redirect] = process.argv.slice(2);
const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

const groups = new Map();

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'bulkhead',
    client_secret: 'issuer-secret-of-the-test',
    redirect_uris: [redirect],
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }],
  cookies: { keys: [randomBytes(32).toString('hex')] },
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
  scopes: ['openid', 'email', 'groups'],
  // In the ID token itself, as Entra, Cognito, Keycloak and Okta can be told to.
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.org`,
      email_verified: !id.startsWith('unverified'),
      groups: groups.get(id) ?? [],
    }),
  }),
});
const answer = provider.callback();
server.on('request', (request, response) => {
  const [, test, name, list] = request.url.split('/');
  if (test !== 'test') return answer(request, response);
  groups.set(name, list.split(','));
  return response.end();
});
console.log(issuer);
process.stdin.on('end', () => process.exit(0)).resume();
