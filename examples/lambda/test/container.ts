// A container of Lambda: it loads the function once, and is given one event after the other.
import type { handler as example } from '../src/handler.ts';

const { handler } = (await import(process.env.HANDLER ?? '')) as { readonly handler: typeof example };

process.on('message', async ({ id, event }: { id: number; event: Parameters<typeof handler>[0] }) => {
  const result = await handler(event).catch((error: Error) => ({ statusCode: 502, body: String(error.stack) }));
  process.send?.({ id, result });
});
process.send?.('ready');
