import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatLsn, shutdownPosition } from '../../src/postgres/control-file.ts';
import { temporaryDirectory } from '../support.ts';

function controlFile(state: number, checkpoint: bigint): string {
  const directory = temporaryDirectory();
  const bytes = Buffer.alloc(8_192);
  bytes.writeUInt32LE(state, 16);
  bytes.writeBigUInt64LE(checkpoint, 32);
  mkdirSync(join(directory, 'global'));
  writeFileSync(join(directory, 'global', 'pg_control'), bytes);
  return directory;
}

test('the position of the last checkpoint counts only if the server was shut down cleanly', () => {
  expect(shutdownPosition(controlFile(1, 0x16_b374d848n))).toBe(0x16_b374d848n);
  expect(shutdownPosition(controlFile(2, 5n))).toBe(5n);
  expect(shutdownPosition(controlFile(6, 5n))).toBeUndefined(); // in production: it was killed
});

test('a position is written as PostgreSQL writes it', () => {
  expect(formatLsn(0x16_b374d848n)).toBe('16/B374D848');
  expect(formatLsn(0n)).toBe('0/0');
});
