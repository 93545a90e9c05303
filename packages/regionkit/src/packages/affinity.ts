export * from '@regionkit/affinity';
