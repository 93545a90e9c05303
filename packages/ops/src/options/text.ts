/** Durations and amounts as a person reads them. */
export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;

export const list = (items: readonly string[], none = 'none'): string => (items.length === 0 ? none : items.join(', '));
