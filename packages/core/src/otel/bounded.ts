import type { Attributes } from '@opentelemetry/api';

/** How many values one attribute of one instrument may take. Further values become `other`. */
const MAX_VALUES = 100;
const MAX_LENGTH = 64;

/**
 * Keeps a mistake, or foreign code that publishes on our channels, from creating a time series for each request. A
 * value that is not a short string, or one too many, becomes `other`.
 */
export function createBounds(): (labels: Readonly<Record<string, unknown>>) => Attributes {
  const known = new Map<string, Set<string>>();
  return (labels) => {
    const attributes: Attributes = {};
    for (const name of Object.keys(labels)) {
      const value = labels[name];
      if (value !== undefined) attributes[name] = bounded(name, value);
    }
    return attributes;
  };

  function bounded(name: string, value: unknown): string {
    if (typeof value !== 'string' || value.length > MAX_LENGTH) return 'other';
    let values = known.get(name);
    if (values === undefined) {
      values = new Set();
      known.set(name, values);
    }
    if (!values.has(value)) {
      if (values.size >= MAX_VALUES) return 'other';
      values.add(value);
    }
    return value;
  }
}
