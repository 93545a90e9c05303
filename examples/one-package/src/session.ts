import { createServer } from 'node:http';
import { createSessionIssuer, createSessionVerifier, generateSigningKeys } from '@regionkit/session';

const keys = await generateSigningKeys({ algorithm: 'ES256' }); // in a real app: from your secret store
const names = { issuer: 'https://app.example.com', audience: 'app' };
const issuer = createSessionIssuer({ ...names, key: keys.privatePem, lifetimeMs: 3_600_000 });
const sessions = createSessionVerifier({ ...names, keys: keys.jwks, algorithms: ['ES256'] });

const me = sessions.require().node((request, response) => response.end(`hello ${sessions.of(request).sub}\n`));
const signIn = async (): Promise<string> => issuer.issue({ sub: 'alice' }); // in a real app: after a look at a password

createServer(async (request, response) => {
  if (request.method === 'POST' && request.url === '/sign-in') response.end(await signIn());
  else me(request, response);
}).listen(Number(process.env.PORT ?? 3001));
