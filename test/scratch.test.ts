import { describe, expect, it } from 'vitest';
import { fitsInMemory } from '../tools/scratch.ts';

const GIB = 2 ** 30;
const PLENTY = { isTmpfs: true, freeBytes: 12 * GIB, availableBytes: 20 * GIB };

describe('fitsInMemory', () => {
  it.each([
    ['a machine with plenty of memory', PLENTY, true],
    ['exactly enough', { ...PLENTY, freeBytes: 4 * GIB, availableBytes: 8 * GIB }, true],
    ["a container's /dev/shm of 64 MiB", { ...PLENTY, freeBytes: 2 ** 26 }, false],
    ['a small machine', { ...PLENTY, availableBytes: 7 * GIB }, false],
    ['a disk at that place', { ...PLENTY, isTmpfs: false }, false],
  ])('%s', (_name, room, fits) => {
    expect(fitsInMemory(room)).toBe(fits);
  });
});
