export { type HealthPort, type ListenHealthOptions, listenHealth, type ServedHealth } from './listen-health.ts';
