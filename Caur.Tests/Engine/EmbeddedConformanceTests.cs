using Caur.Tests.Engine.Conformance;

namespace Caur.Tests.Engine;

public sealed class EmbeddedTurnTests(EmbeddedEngineFixture engine) : TurnConformanceTests<EmbeddedEngineFixture>(engine);
