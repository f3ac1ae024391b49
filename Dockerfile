# FileTAO as an image: docker build -t filetao . && docker run --rm filetao demo
# Built in one stage, run from another that has the program and what it needs at run time and nothing else, as a user without
# rights. `npm run test:long -- image` runs these very steps as a script where there is no engine.

FROM node:20-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json asconfig.json ./
COPY scripts/build.mjs scripts/bundle-app.mjs scripts/
COPY assembly assembly
COPY src src
RUN npm run build

FROM node:20-bookworm-slim AS modules
WORKDIR /modules
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM node:20-bookworm-slim
ENV NODE_ENV=production NODE_OPTIONS=--enable-source-maps
WORKDIR /app
COPY package.json LICENSE TERMS.md README.md CHANGELOG.md ./
COPY --from=modules /modules/node_modules node_modules
COPY --from=build /build/dist/src dist/src
COPY --from=build /build/dist/assembly dist/assembly
COPY --from=build /build/dist/app dist/app
# The node's files; wallets are mounted below /home/node/.bittensor, read-only.
RUN install -d -o node -g node -m 0700 /home/node/.filetao
USER node
WORKDIR /home/node
VOLUME /home/node/.filetao
# SIGTERM drains: give it `--stop-timeout 45`.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/src/cli/main.js"]
CMD ["--help"]
