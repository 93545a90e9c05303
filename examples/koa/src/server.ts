import { createApp } from './app.ts';

const { app, kit } = createApp(process.env);
kit.drain(app.listen(Number(process.env.PORT ?? 3001)), {
  notReadyForMs: Number(process.env.NOT_READY_FOR_MS ?? 15_000),
});
