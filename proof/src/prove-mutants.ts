import type { Flags } from './flags.ts';

export async function proveMutants(_: Flags & { readonly print: (line?: string) => void }): Promise<boolean> {
  return true;
}
