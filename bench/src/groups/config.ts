import type { Group } from '../group.ts';
export const group: Group = { name: 'config', run: async () => [] };
