namespace Caur.Tests.Soak;

/// <summary>Something that the farm has to survive, repeated with other randomness in every round. A round throws when something was lost,
/// repeated or torn.</summary>
/// <remarks>Scenarios are found by their type: sealed, with a parameterless constructor. One short round of each runs in every test run.</remarks>
internal interface ISoakScenario
{
    /// <summary>Lower case words with hyphens; what <c>--scenario</c> takes.</summary>
    string Name { get; }

    /// <summary>One round: seconds when <see cref="SoakRound.IsShort"/>, otherwise up to a minute.</summary>
    Task RunAsync(SoakRound round);
}
