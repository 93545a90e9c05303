import { createApp } from './app.ts';

const { app, kit, start } = createApp(process.env);
kit.drain(app.listen(Number(process.env.PORT ?? 3001)), {
  notReadyForMs: Number(process.env.NOT_READY_FOR_MS ?? 15_000),
});
await start();
