using Caur.Tests.Engine.Conformance;

namespace Caur.Tests.Engine;

public sealed class OrleansTurnTests(OrleansEngineFixture engine) : TurnConformanceTests<OrleansEngineFixture>(engine);

public sealed class OrleansStateTests(OrleansEngineFixture engine) : StateConformanceTests<OrleansEngineFixture>(engine);

public sealed class OrleansCopyTests(OrleansEngineFixture engine) : CopyConformanceTests<OrleansEngineFixture>(engine);

public sealed class OrleansTimerTests(OrleansEngineFixture engine) : TimerConformanceTests<OrleansEngineFixture>(engine);

public sealed class OrleansLifeTests(OrleansIdleFixture engine) : LifeConformanceTests<OrleansIdleFixture>(engine);

public sealed class OrleansCallTests(OrleansCallFixture engine) : CallConformanceTests<OrleansCallFixture>(engine);

public sealed class OrleansReminderTests(OrleansEngineFixture engine) : ReminderConformanceTests<OrleansEngineFixture>(engine);

public sealed class OrleansObserverTests(OrleansCallFixture engine) : ObserverConformanceTests<OrleansCallFixture>(engine);
