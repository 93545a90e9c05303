import type { Mutation } from './mutation.ts';

export const MUTANTS: readonly Mutation[] = [];
