using System.Globalization;
using System.Security.Cryptography;

namespace Caur.Tests.Soak;

/// <summary>The arguments of <c>./caur soak</c>.</summary>
/// <param name="Duration">How long new rounds are started.</param>
/// <param name="Seed">Decides which scenarios run, in which order, and the seed of each round.</param>
/// <param name="Lanes">How many rounds run at the same time.</param>
/// <param name="Scenarios">The scenarios to choose from.</param>
/// <param name="RoundSeed">Set, together with one scenario, to repeat one round.</param>
internal sealed record SoakOptions(TimeSpan Duration, int Seed, int Lanes, IReadOnlyList<ISoakScenario> Scenarios, int? RoundSeed)
{
    public const string Usage = """
        ./caur soak [--minutes N] [--seed N] [--lanes N] [--scenario NAME]... [--round-seed N] [--list]

        Runs what the farm has to survive, over and over, chosen at random by a seed that is printed.

          --minutes N      how long new rounds are started; default 20. A fraction is allowed
          --seed N         decides the rounds; default: a new one
          --lanes N        how many rounds run beside each other, 1 to 16; default 2
          --scenario NAME  only this one; may be given several times
          --round-seed N   one round of one --scenario with this seed, to repeat a failure
          --list           the scenarios

        Exit codes: 0 all rounds passed, 1 a round failed, 2 the arguments are wrong.
        """;

    /// <summary>The options, or a line that says what is wrong with the arguments.</summary>
    public static (SoakOptions? Options, string? Error) Parse(IReadOnlyList<string> arguments)
    {
        var (minutes, seed, lanes, roundSeed) = (20.0, RandomNumberGenerator.GetInt32(int.MaxValue), 2, (int?)null);
        List<ISoakScenario> scenarios = [];
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var (name, value) = (arguments[i], i + 1 < arguments.Count ? arguments[i + 1] : "");
            switch (name)
            {
                case "--minutes" when Number(value, 0.01, 60 * 24 * 365) is { } given:
                    minutes = given;
                    break;
                case "--seed" when Number(value, 0, int.MaxValue) is { } given:
                    seed = (int)given;
                    break;
                case "--lanes" when Number(value, 1, 16) is { } given:
                    lanes = (int)given;
                    break;
                case "--round-seed" when Number(value, 0, int.MaxValue) is { } given:
                    roundSeed = (int)given;
                    break;
                case "--scenario" when SoakScenarios.All.FirstOrDefault(s => s.Name == value) is { } scenario:
                    scenarios.Add(scenario);
                    break;
                case "--scenario":
                    return (null, $"There is no scenario '{value}'. There are: {string.Join(", ", SoakScenarios.All.Select(static s => s.Name))}.");
                case "--minutes" or "--seed" or "--lanes" or "--round-seed":
                    return (null, $"{name} wants a number, not '{value}'.");
                default:
                    return (null, $"'{name}' is not an argument of soak.");
            }
        }

        return roundSeed is not null && scenarios.Count != 1
            ? (null, "--round-seed repeats a round of one scenario: name it with --scenario.")
            : (new SoakOptions(TimeSpan.FromMinutes(minutes), seed, lanes, scenarios.Count > 0 ? scenarios : SoakScenarios.All, roundSeed), null);
    }

    private static double? Number(string text, double least, double most) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : null;
}
