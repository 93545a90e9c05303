/** The type of `logger` options: fits pino, winston, console and Fastify's logger. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
