# One image for all apps; compose names which of them runs.
FROM node:24-bookworm-slim

WORKDIR /app
COPY . .
# The servers are containers of their own, so the set-up need not fetch any.
RUN NATS_URL=given DATABASE_URL=given node scripts/setup.mjs \
  && npm cache clean --force \
  && mkdir /data && chown node:node /data

ENV NODE_ENV=production SPOOR_HOME=/data SPOOR_HOST=0.0.0.0
USER node
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["node", "/app/scripts/spoor.mjs"]
CMD ["run", "api"]
