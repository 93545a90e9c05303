/** Route 53 as it is often set up, forty times quicker: a demo has less time than a region. */
export const DNS = { intervalMs: 10_000, failureThreshold: 3, ttlMs: 60_000, speed: 40 } as const;

/** Once a region's health check fails, this long passes until no client is led there any more. */
export const DNS_FORGETS_MS: number = (DNS.intervalMs * DNS.failureThreshold + DNS.ttlMs) / DNS.speed;
