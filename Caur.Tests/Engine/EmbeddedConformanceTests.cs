using Caur.Tests.Engine.Conformance;

namespace Caur.Tests.Engine;

public sealed class EmbeddedTurnTests(EmbeddedEngineFixture engine) : TurnConformanceTests<EmbeddedEngineFixture>(engine);

public sealed class EmbeddedStateTests(EmbeddedEngineFixture engine) : StateConformanceTests<EmbeddedEngineFixture>(engine);

public sealed class EmbeddedCopyTests(EmbeddedEngineFixture engine) : CopyConformanceTests<EmbeddedEngineFixture>(engine);

public sealed class EmbeddedTimerTests(EmbeddedEngineFixture engine) : TimerConformanceTests<EmbeddedEngineFixture>(engine);

public sealed class EmbeddedLifeTests(EmbeddedEngineFixture engine) : LifeConformanceTests<EmbeddedEngineFixture>(engine);

public sealed class EmbeddedCallTests(EmbeddedEngineFixture engine) : CallConformanceTests<EmbeddedEngineFixture>(engine);

public sealed class EmbeddedReminderTests(EmbeddedEngineFixture engine) : ReminderConformanceTests<EmbeddedEngineFixture>(engine);

public sealed class EmbeddedObserverTests(EmbeddedEngineFixture engine) : ObserverConformanceTests<EmbeddedEngineFixture>(engine);
