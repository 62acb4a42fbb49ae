// Makes golden.json: `node golden.mjs > golden.json`. Signed by Node.js, which shares no code with what verifies; the private
// keys are thrown away.
import { generateKeyPairSync, sign, createHmac, constants } from 'node:crypto';

const b64 = (bytes) => Buffer.from(bytes).toString('base64url');
const claims = {
  iss: 'https://issuer.example', sub: 'person-1', aud: 'client-1', nonce: 'n-1',
  iat: 1700000000, exp: 1700000600,
};
const kinds = [
  ['rsa', ['rsa', { modulusLength: 2048 }], ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']],
  ['p256', ['ec', { namedCurve: 'P-256' }], ['ES256']],
  ['p384', ['ec', { namedCurve: 'P-384' }], ['ES384']],
  ['ed', ['ed25519', {}], ['EdDSA']],
  ['weak', ['rsa', { modulusLength: 1024 }], ['RS256']],
  ['p521', ['ec', { namedCurve: 'P-521' }], ['ES512']],
];
const keys = [];
const tokens = [];
for (const [kid, [type, options], algorithms] of kinds) {
  const { publicKey, privateKey } = generateKeyPairSync(type, options);
  keys.push({ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' });
  const seal = (header, payload, how) => {
    const signed = `${b64(JSON.stringify(header))}.${b64(payload)}`;
    return `${signed}.${b64(how(Buffer.from(signed)))}`;
  };
  for (const alg of algorithms) {
    const digest = alg === 'EdDSA' ? null : `sha${alg.slice(2)}`;
    const key = { key: privateKey, dsaEncoding: 'ieee-p1363' };
    if (alg.startsWith('PS')) Object.assign(key, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
    tokens.push({ alg, kid, token: seal({ alg, kid, typ: 'JWT' }, JSON.stringify(claims), (m) => sign(digest, m, key)) });
  }
  if (kid !== 'rsa') continue;
  // The public key, in each form that a careless reader might take for the secret of an HMAC.
  for (const secret of [publicKey.export({ type: 'spki', format: 'pem' }), publicKey.export({ type: 'pkcs1', format: 'der' }), keys[0].n]) {
    tokens.push({ alg: 'HS256', kid, token: seal({ alg: 'HS256', kid, typ: 'JWT' }, JSON.stringify(claims), (m) => createHmac('sha256', secret).update(m).digest()) });
  }
}
console.log(JSON.stringify({ keys: { keys }, tokens }, null, 1));
