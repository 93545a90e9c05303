export { type Console, createConsole } from './console.ts';
export type { ConsoleOptions } from './options.ts';
