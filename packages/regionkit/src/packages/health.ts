export * from '@regionkit/health';
