// What the README of `regionkit` shows, and two lines for a session.
import express from 'express';
import { createRegionKit } from 'regionkit';

const kit = createRegionKit({
  self: process.env['REGION'],
  regions: { us: process.env['US_ORIGIN'] ?? '', eu: process.env['EU_ORIGIN'] ?? '' },
  databaseUrl: process.env['DATABASE_URL'],
  secret: process.env['REGION_SECRET'],
  development: true,
  sessions: { keys: process.env['SESSION_KEY'] ?? '', algorithms: ['ES256'], issuer: null, audience: null },
});
kit.regions.self satisfies 'us' | 'eu';

const app = express();
app.use(kit.express());
app.use(express.json());
app.get('/orders', async (_request, response) => {
  const { rows } = await kit.router.read<{ item: string }>('select item from orders order by id');
  response.json({ region: kit.regions.self, items: rows.map(({ item }) => item) });
});
app.post('/orders', async (request, response) => {
  await kit.router.write('insert into orders (item) values ($1)', [request.body.item]);
  response.status(201).json({ region: kit.regions.self });
});
app.get('/me', kit.sessions.require().express(), (request, response) => {
  response.json(kit.sessions.of(request).sub);
});
kit.drain(app.listen(Number(process.env['PORT']), '127.0.0.1'), { notReadyForMs: 0 });
