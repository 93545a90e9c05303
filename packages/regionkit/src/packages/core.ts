export * from '@regionkit/core';
