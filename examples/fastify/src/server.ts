import { createApp } from './app.ts';

const { app, kit } = createApp(process.env);
kit.drain(app.server, {
  notReadyForMs: Number(process.env.NOT_READY_FOR_MS ?? 15_000),
  hooks: [{ name: 'fastify', run: () => app.close() }],
});
await app.listen({ port: Number(process.env.PORT ?? 3001) });
