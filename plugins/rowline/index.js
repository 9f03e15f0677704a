'use strict'; // (long: the hooks of the framework are in one class)

const fs = require('node:fs');
const path = require('node:path');
const { readOptions, isOff } = require('./options');
const { problems } = require('./schema/problems');
const { placesOf, placed } = require('./schema/places');
const { missingForContainers } = require('./schema/containers');
const { expand } = require('./expand');
const { nameClashes } = require('./expand/reserved_names');
const { overLimits } = require('./expand/limits');
const { archive: ARCHIVE, historyApi: HISTORY, ownerOf, watch } = require('./expand/logical_ids');
const { findPython, findTarget } = require('./bundle/runtime_python');
const { buildPackage } = require('./bundle');
const { buildArchivePackage } = require('./bundle/archive_package');
const { checkStanzas } = require('./deploy/check');
const { requireConcurrency } = require('./deploy/concurrency');
const { requireEndpoint } = require('./deploy/endpoint');
const { useLocalStage } = require('./deploy/local');
const { wake } = require('./deploy/wake');
const { retainedResources } = require('./deploy/list_retained');

/** Connects the stanzas to the framework's hooks; the modules that it calls do the work. */
class Rowline {
  constructor(serverless, cli, { log }) {
    this.serverless = serverless;
    this.log = log;
    // Otherwise the pinned SDK asks for a newer Node.js at every deployment.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
    for (const name of ['sources', 'consumers', 'alerts', 'archive'])
      serverless.configSchemaHandler.defineTopLevelProperty(name, {}); // checked in `initialize`
    serverless.configSchemaHandler.defineCustomProperties({
      properties: { rowline: { type: 'object' } },
    });
    this.commands = {
      rowline: {
        usage: 'Commands about the stanzas',
        commands: {
          stanzas: {
            usage: 'Write the stanzas as the command reads them, and their problems',
            lifecycleEvents: ['write'],
            options: { out: { usage: 'The file to write', type: 'string', required: true } },
          },
        },
      },
    };
    this.hooks = {
      initialize: () => this.said(() => this.begin()),
      'before:package:createDeploymentArtifacts': () => this.said(() => this.build()),
      'after:aws:package:finalize:mergeCustomProviderResources': () =>
        this.said(() => this.finish()),
      'after:deploy:deploy': () => this.wake(),
      'before:remove:remove': () => this.remember(),
      'after:remove:remove': () => this.tell(),
      'rowline:stanzas:write': () => this.write(),
    };
  }

  /**
   * Runs a step. The user sees an error that it throws on purpose as a paragraph, without a stack
   * trace.
   */
  async said(step) {
    try {
      return await step();
    } catch (error) {
      // a bug in the plugin
      if (error instanceof TypeError || error instanceof ReferenceError) throw error;
      throw new this.serverless.classes.Error(error.message, 'ROWLINE');
    }
  }

  /** Ends the command if there are problems. Only `rowline stanzas` continues, and writes them. */
  refuse(found) {
    if (!found.length) return;
    const places = this.places();
    const told = found.map((one) => placed(one, places));
    const error = new Error(
      told.length === 1
        ? told[0]
        : `${told.length} things are wrong:\n${told.map((one) => `  - ${one}`).join('\n')}`,
    );
    throw Object.assign(error, { found });
  }

  async begin() {
    const [command] = this.serverless.processedInput.commands;
    try {
      this.expand();
    } catch (error) {
      if (command !== 'rowline' || !error.found) throw error;
      this.found = error.found;
    }
    const aws = this.serverless.getProvider('aws');
    useLocalStage(command, aws.getStage(), this.options.local, this.serverless.serviceDir);
    // The emulator makes a stack in a second, and the framework would ask after five.
    if (aws.getStage() === this.options.local.stage)
      process.env.SLS_AWS_MONITORING_FREQUENCY ??= '250';
    await requireEndpoint(command);
    if (command !== 'deploy') return;
    if (!process.env.AWS_ENDPOINT_URL) await requireConcurrency(aws, this.concurrency(), this.log);
    await this.check();
  }

  read(file) {
    return fs.readFileSync(path.resolve(this.serverless.serviceDir, file), 'utf8');
  }

  /** The file and line of each key of the stanzas. */
  places() {
    return placesOf(this.serverless.configurationFilename, (file) => this.read(file));
  }

  /** The data that `rowline check` reads. */
  stanzas() {
    const { found: problems = [], expanded } = this;
    return { problems, settings: expanded?.settings ?? null, places: this.places() };
  }

  write() {
    fs.writeFileSync(this.serverless.processedInput.options.out, JSON.stringify(this.stanzas()));
  }

  async check() {
    const aws = this.serverless.getProvider('aws');
    const profile = this.serverless.processedInput.options['aws-profile'];
    await checkStanzas({
      python: this.target.python,
      checker: this.options.checker,
      stage: aws.getStage(),
      folder: this.serverless.serviceDir,
      stanzas: this.stanzas(),
      mode: this.options.check,
      environment: { AWS_REGION: aws.getRegion(), ...(profile && { AWS_PROFILE: profile }) },
      log: this.log,
    });
  }

  /** The concurrency of relays and consumers. */
  concurrency() {
    const { relay, relayConcurrency } = this.options;
    const made = Object.values(this.expanded.functions);
    const ofConsumers = made.flatMap(({ events }) =>
      events.map(({ sqs }) => sqs?.maximumConcurrency),
    );
    return {
      relays: isOff(relay) ? 0 : made.filter((one) => one.environment.ROWLINE_STREAM).length,
      reserved: isOff(relayConcurrency) ? 0 : Number(relayConcurrency),
      consumers: ofConsumers.reduce((sum, one) => sum + (one ?? 0), 0),
    };
  }

  /** The options; a wrong one is reported like a wrong stanza, with its file and line. */
  optionsOf(custom) {
    try {
      return readOptions(custom);
    } catch (error) {
      this.options = readOptions(); // `rowline stanzas` continues
      return this.refuse([error.message]);
    }
  }

  expand() {
    const { serverless } = this;
    const { service } = serverless;
    const stanzas = serverless.configurationInput;
    this.options = this.optionsOf(stanzas.custom?.rowline);
    const read = (file) => this.read(file);
    this.refuse([...problems(stanzas, { read }), ...missingForContainers(stanzas, this.options)]);
    const aws = serverless.getProvider('aws');
    const python = findPython(serverless.serviceDir, this.options.python);
    this.target = findTarget({ ...service.provider, build: this.options.build, python });
    const prefix = `${service.service}-${aws.getStage()}`;
    this.expanded = expand(stanzas, {
      service: service.service,
      stage: aws.getStage(),
      prefix,
      runtime: this.target.runtime,
      architecture: this.target.architecture,
      logRetention: service.provider.logRetentionInDays,
      options: this.options,
      alerts: isOff(stanzas.alerts) ? null : stanzas.alerts,
      read,
    });
    const stack = aws.naming.getStackName();
    this.refuse(nameClashes(service, { stack, prefix, made: this.expanded }));
    Object.assign(service.functions, this.expanded.functions);
    service.resources = service.resources ?? {};
    service.resources.Resources = { ...service.resources.Resources, ...this.expanded.resources };
    service.resources.Outputs = { ...service.resources.Outputs, ...this.expanded.outputs };
    service.resources.Metadata = { ...service.resources.Metadata, Rowline: this.expanded.settings };
    const missing = Object.entries(this.options.resources).filter(
      ([, id]) => !service.resources.Resources[id],
    );
    this.refuse(
      missing.map(
        ([what, id]) =>
          `resources: ${id} (the stage's ${what}) is missing. Declare it below resources:, as ` +
          "Rowline's own serverless.yml does, or name yours in custom.rowline.resources." +
          `${what}.`,
      ),
    );
  }

  async build() {
    const { service } = this.serverless;
    const { functions, requirements } = this.expanded;
    const shared = await this.zip();
    service.package.artifact = shared.artifact;
    const own = new Map();
    for (const name of Object.keys(functions)) {
      const files = requirements[name];
      const key = files?.join('\n');
      if (files && !own.has(key)) own.set(key, await this.zip(files));
      const { artifact, version } = own.get(key) ?? shared;
      if (files) service.functions[name].package = { artifact };
      service.functions[name].environment.ROWLINE_VERSION = version;
    }
    const kept = [ARCHIVE, HISTORY].flatMap((one) => service.functions[one.function] ?? []);
    const { version } = kept.length ? await this.zip(undefined, true) : {};
    for (const one of kept) one.environment.ROWLINE_VERSION = version;
  }

  /** Builds the zip of all functions, of those with packages of their own, or of the archive. */
  async zip(requirements, ofArchive = false) {
    const { serviceDir } = this.serverless;
    const { settings, own } = this.expanded;
    const { options, target } = this;
    const build = ofArchive ? buildArchivePackage : buildPackage;
    const built = await build({ serviceDir, settings, options, target, own, requirements });
    const version = built.hash.slice(0, 16);
    const whose = ofArchive
      ? ' of the archive'
      : requirements
        ? ` with ${requirements.join(', ')}`
        : '';
    const where = `${target.runtime} on ${target.architecture}, version ${version}`;
    this.log.notice(`Functions${whose}: ${(built.bytes / 1e6).toFixed(1)} MB for ${where}`);
    return { artifact: path.relative(serviceDir, built.file), version };
  }

  finish() {
    const { compiledCloudFormationTemplate: template } = this.serverless.service.provider;
    const stack = this.serverless.getProvider('aws').naming.getStackName();
    const owner = (id) => ownerOf(id, this.expanded.settings);
    this.refuse(overLimits(template, { stack, ownerOf: owner }));
  }

  async wake() {
    const relays = !isOff(this.options.relay);
    const woken = Object.entries(this.expanded.functions)
      .filter(
        ([key, made]) => key === watch().function || (relays && made.environment.ROWLINE_STREAM),
      )
      .map(([key]) => this.serverless.service.functions[key]);
    await wake(this.serverless.getProvider('aws'), woken, this.log);
  }

  async remember() {
    this.kept = await retainedResources(this.serverless.getProvider('aws'));
  }

  tell() {
    if (!this.kept?.length) return;
    this.log.notice(
      [
        '',
        'Kept, because they hold state (delete them by hand when you no longer need them):',
        ...this.kept.map(({ type, id }) => `  ${type}  ${id}`),
      ].join('\n'),
    );
  }
}

module.exports = Rowline;
