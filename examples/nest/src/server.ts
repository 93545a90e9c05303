import { useRegionKit } from 'regionkit/nest';
import { createApp } from './app.ts';

const app = await createApp();
// CORS first: also a forwarded answer and an error need it. Then the kit, before the body parsers of Nest.
app.enableCors({ origin: 'https://www.example.com', credentials: true });
useRegionKit(app, { notReadyForMs: Number(process.env.NOT_READY_FOR_MS ?? 15_000) });
await app.listen(Number(process.env.PORT ?? 3001));
