export { type HonoSessions, type HonoSessionsOptions, honoSessions } from './hono-sessions.ts';
