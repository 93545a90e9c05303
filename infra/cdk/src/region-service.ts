import { Aws, Duration } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import {
  AvailabilityZoneRebalancing,
  Cluster,
  ContainerImage,
  FargateService,
  FargateTaskDefinition,
  LogDrivers,
} from 'aws-cdk-lib/aws-ecs';
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ListenerAction,
  ListenerCondition,
  SslPolicy,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface RegionServiceProps {
  readonly vpc: IVpc;
  /** For the global name and the region's own name. */
  readonly certificateArn: string;
  /** With a digest or an immutable tag. */
  readonly image: string;
  /** See {@link tasksOf}. */
  readonly tasks: { readonly min: number; readonly max: number };
  /** What the app reads at runtime: the secrets `PREFIX/NAME` and the parameters below `/PREFIX`. @default nothing */
  readonly reads?: { readonly prefix: string; readonly names: readonly string[] };
  readonly environment?: Readonly<Record<string, string>>;
  /** @default 3000 */
  readonly port?: number;
  /** It depends on no database: a dependency that all tasks share would take out all of them. @default '/readyz' */
  readonly readyPath?: string;
  /** `notReadyForMs`, `graceMs` and `hookTimeoutMs` of createDrain, in seconds. @default 15, 30, 10 */
  readonly drain?: { readonly notReady: number; readonly grace: number; readonly hooks: number };
}

/** Fargate kills a task this long after SIGTERM at the latest. */
const LONGEST_STOP = 120;

/** The app of one region: an ECS service on Fargate behind a load balancer. */
export class RegionService extends Construct {
  readonly loadBalancer: ApplicationLoadBalancer;

  /** @throws {RangeError} the drain would be cut off, or one task would be left alone */
  constructor(scope: Construct, id: string, props: RegionServiceProps) {
    super(scope, id);
    const { vpc, tasks, port = 3000, drain = { notReady: 15, grace: 30, hooks: 10 } } = props;
    const stopTimeout = drain.notReady + drain.grace + drain.hooks + 5;
    if (stopTimeout > LONGEST_STOP)
      throw new RangeError(`the drain takes ${stopTimeout} s, and Fargate kills after ${LONGEST_STOP} s`);
    if (tasks.min < 2) throw new RangeError('tasks.min must be at least 2, so that a lost zone leaves one');

    const definition = new FargateTaskDefinition(this, 'Task', { cpu: 512, memoryLimitMiB: 1_024 });
    definition.addContainer('app', {
      image: ContainerImage.fromRegistry(props.image),
      stopTimeout: Duration.seconds(stopTimeout),
      portMappings: [{ containerPort: port }],
      environment: { ...props.environment },
      logging: LogDrivers.awsLogs({ streamPrefix: 'app', logRetention: RetentionDays.ONE_MONTH }),
    });
    if (props.reads !== undefined) {
      const { prefix, names } = props.reads;
      // In any region: where the own region does not answer, the app asks the next one. A name ends with six characters.
      const arn = (rest: string): string => `arn:${Aws.PARTITION}:${rest}`;
      definition.addToTaskRolePolicy(
        new PolicyStatement({
          actions: ['secretsmanager:GetSecretValue'],
          resources: names.map((name) => arn(`secretsmanager:*:${Aws.ACCOUNT_ID}:secret:${prefix}/${name}-??????`)),
        }),
      );
      definition.addToTaskRolePolicy(
        new PolicyStatement({
          actions: ['ssm:GetParameters', 'ssm:GetParametersByPath'],
          resources: [`/${prefix}`, `/${prefix}/*`].map((path) => arn(`ssm:*:${Aws.ACCOUNT_ID}:parameter${path}`)),
        }),
      );
    }
    const service = new FargateService(this, 'Service', {
      cluster: new Cluster(this, 'Cluster', { vpc }),
      taskDefinition: definition,
      desiredCount: tasks.min,
      healthCheckGracePeriod: Duration.seconds(90),
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      availabilityZoneRebalancing: AvailabilityZoneRebalancing.ENABLED,
      // A version that does not start leaves the previous one in place.
      circuitBreaker: { enable: true, rollback: true },
    });
    const scaling = service.autoScaleTaskCount({ minCapacity: tasks.min, maxCapacity: tasks.max });
    scaling.scaleOnCpuUtilization('Cpu', {
      targetUtilizationPercent: 50,
      scaleInCooldown: Duration.minutes(5),
      scaleOutCooldown: Duration.seconds(30),
    });

    this.loadBalancer = new ApplicationLoadBalancer(this, 'Balancer', {
      vpc,
      internetFacing: true,
      deletionProtection: true,
      dropInvalidHeaderFields: true,
    });
    const listener = this.loadBalancer.addListener('Https', {
      port: 443,
      protocol: ApplicationProtocol.HTTPS,
      sslPolicy: SslPolicy.TLS13_RES,
      certificates: [Certificate.fromCertificateArn(this, 'Certificate', props.certificateArn)],
    });
    listener.addTargets('App', {
      port,
      protocol: ApplicationProtocol.HTTP,
      targets: [service],
      deregistrationDelay: Duration.seconds(drain.notReady + drain.grace),
      healthCheck: {
        path: props.readyPath ?? '/readyz',
        healthyHttpCodes: '200',
        interval: Duration.seconds(5),
        timeout: Duration.seconds(2),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 2,
      },
    });
    // Orders of an operator come from inside: the public does not reach the door.
    listener.addAction('Operator', {
      priority: 1,
      conditions: [ListenerCondition.pathPatterns(['/operator', '/operator/*'])],
      action: ListenerAction.fixedResponse(404),
    });
  }
}
