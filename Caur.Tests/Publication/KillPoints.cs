using Caur.Storage.Repositories;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Tests.Publication;

/// <summary>The points at which a hub that publishes is killed: every step of publications and collections by their own names, and
/// between any two writes of the repository's records.</summary>
internal static class KillPoints
{
    public const string None = "none";

    private const string BeforeOrder = "before order";

    // What lies between these is a step of the publication itself.
    private static readonly string[] RecordsBefore = [BeforeOrder, "after order"];
    private static readonly string[] RecordsAfter = ["after publications", "after intent cleared", "after order cleared"];

    public static IEnumerable<string> Publication =>
    [
        .. RecordsBefore,
        .. Enum.GetValues<PublicationStep>().Select(NameOf),
        .. RecordsAfter,
    ];

    public static IEnumerable<string> Collection => Enum.GetValues<CollectionStep>().Select(NameOf);

    public static string NameOf(PublicationStep step) => $"publication {step}";

    public static string NameOf(CollectionStep step) => $"collection {step}";

    /// <summary>Whether the order itself is lost, so that it has to be given again.</summary>
    public static bool IsBeforeOrder(string point) => point == BeforeOrder;

    /// <summary>Whether clients see the new repository when a publication of builds stopped there.</summary>
    public static bool IsBuildVisible(string point) =>
        RecordsAfter.Contains(point)
        || Collection.Contains(point)
        || Enum.GetValues<PublicationStep>().Where(step => step >= PublicationStep.CurrentSwitched).Select(NameOf).Contains(point);

    /// <summary>Whether clients see the new repository when the store stopped there with a plan that brings no packages: what it does not
    /// come by does not stop it.</summary>
    public static bool IsPlanVisible(string point) =>
        IsBuildVisible(point)
        || !Enum.GetValues<PublicationStep>()
            .Where(step => step >= PublicationStep.Begun && step is not (PublicationStep.PackageNamed or PublicationStep.SignatureNamed or PublicationStep.StatementNamed))
            .Select(NameOf).Contains(point);
}

/// <summary>Tells of the writes of repositories' records.</summary>
internal sealed class RecordingStorage(IGrainStorage inner, Func<string, Task> at) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        inner.ReadStateAsync(stateName, grainId, grainState);

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var name = stateName switch
        {
            "intent" => grainState.State is Caur.Grains.Repositories.PublicationIntent { Publication: null } ? "intent cleared" : "intent",
            "publications" => "publications",
            _ when stateName.StartsWith("order-", StringComparison.Ordinal) && !stateName.Contains("cursor", StringComparison.Ordinal) => "order",
            _ => null,
        };
        await AroundAsync(name, () => inner.WriteStateAsync(stateName, grainId, grainState));
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => AroundAsync(
        stateName.StartsWith("order-", StringComparison.Ordinal) ? "order cleared" : null,
        () => inner.ClearStateAsync(stateName, grainId, grainState));

    private async Task AroundAsync(string? name, Func<Task> write)
    {
        if (name is null)
        {
            await write();
            return;
        }

        await at($"before {name}");
        await write();
        await at($"after {name}");
    }
}
