// Fastify's own compilers of schemas. They are loaded, and a route's schema is compiled, with the first request that needs
// it: done when an API node starts, as Fastify does it by itself, they were a quarter of the processor time until it is ready.

import { createRequire } from 'node:module';

type Compile<Compiled> = (route: unknown) => Compiled;
type Validate = ((data: unknown) => unknown) & { errors?: unknown };
type Serialize = (data: unknown) => string;

const require = createRequire(createRequire(import.meta.url).resolve('fastify'));

function buildValidator(...given: unknown[]): Compile<Validate> {
  const compile = once<Compile<Validate>>(() => require('@fastify/ajv-compiler')()(...given));
  return (route) => {
    const compiled = once(() => compile()(route));
    const validate: Validate = (data) => {
      const isValid = compiled()(data);
      validate.errors = compiled().errors;
      return isValid;
    };
    return validate;
  };
}

function buildSerializer(...given: unknown[]): Compile<Serialize> {
  const compile = once<Compile<Serialize>>(() =>
    require('@fastify/fast-json-stringify-compiler')()(...given),
  );
  return (route) => {
    const compiled = once(() => compile()(route));
    return (data) => compiled()(data);
  };
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** For Fastify's `schemaController`. */
export const compilersFactory = { buildValidator, buildSerializer };
