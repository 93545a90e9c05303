import { type Answer, ask } from '../postgres/ask.ts';

/** Logs in as the app. Changes nothing. */
export const tryLogin = (url: string, signal: AbortSignal): Promise<Answer<unknown>> =>
  ask({ url, timeoutMs: 3_000, signal }, (client) => client.query('SELECT 1'));
