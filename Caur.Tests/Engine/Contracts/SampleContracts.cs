// Some of these are wrong on purpose; where Orleans' analyzers are present they would say so.
#pragma warning disable ORLEANS0001, ORLEANS0003, ORLEANS0004, ORLEANS0005, ORLEANS0006, ORLEANS0008, ORLEANS0009, ORLEANS0010, ORLEANS0011, ORLEANS0012
using System.Collections.Immutable;
using Orleans;
using Orleans.Concurrency;

namespace Caur.Tests.Engine.Contracts;

/// <summary>Contracts for the tests of the check.</summary>
internal static class SampleContracts
{
    public static readonly Type[] Good =
        [typeof(IGood), typeof(IWatching), typeof(Question), typeof(Reply), typeof(BaseReply), typeof(Key), typeof(Mood)];

    public enum Mood
    {
        Good,
        Bad = 7,
    }

    [Alias("sample.IGood")]
    public interface IGood : IGrainWithStringKey
    {
        [ReadOnly]
        [ResponseTimeout("00:00:05")]
        [Alias("Ask")]
        Task<Reply?> AskAsync([Immutable] Question question, CancellationToken token);

        [OneWay]
        [Alias("Tell")]
        Task TellAsync(IReadOnlyList<Question> questions, IWatching watcher);
    }

    [Alias("sample.IWatching")]
    public interface IWatching : IGrainObserver
    {
        [Alias("Saw")]
        void Saw(Mood mood);
    }

    public interface INameless : IGrainWithStringKey;

    [Alias("sample.INamelessMethod")]
    public interface INamelessMethod : IGrainWithStringKey
    {
        Task Do();
    }

    [Alias("sample.ITwice")]
    public interface ITwice : IGrainWithStringKey
    {
        [Alias("Same")]
        Task Do();

        [Alias("Same")]
        Task DoMore();
    }

    [Alias("sample.INoTask")]
    public interface INoTask : IGrainWithStringKey
    {
        [Alias("Do")]
        int Do();
    }

    [Alias("sample.IVoid")]
    public interface IVoid : IGrainWithStringKey
    {
        [Alias("Do")]
        void Do();
    }

    [Alias("sample.IGeneric")]
    public interface IGeneric : IGrainWithStringKey
    {
        [Alias("Do")]
        Task Do<T>(T value);
    }

    [Alias("sample.IOneWayAnswer")]
    public interface IOneWayAnswer : IGrainWithStringKey
    {
        [OneWay]
        [Alias("Do")]
        Task<int> Do();
    }

    [Alias("sample.IForeignArgument")]
    public interface IForeignArgument : IGrainWithStringKey
    {
        [Alias("Do")]
        Task Do(Foreign stranger);
    }

    [Alias("sample.IForeignResult")]
    public interface IForeignResult : IGrainWithStringKey
    {
        [Alias("Do")]
        Task<List<Foreign>> Do();
    }

    [Alias("sample.IForeignDeepInside")]
    public interface IForeignDeepInside : IGrainWithStringKey
    {
        [Alias("Do")]
        Task<Dictionary<string, DeepForeign[]>> Do();
    }

    [Alias("sample.IException")]
    public interface IException : IGrainWithStringKey
    {
        [Alias("Do")]
        Task Do(Exception error);
    }

    [Alias("sample.IObject")]
    public interface IObject : IGrainWithStringKey
    {
        [Alias("Do")]
        Task Do(object anything);
    }

    [GenerateSerializer]
    [Alias("sample.Key")]
    public readonly record struct Key([property: Id(0)] string Value);

    [GenerateSerializer]
    [Alias("sample.Key")]
    public readonly record struct OtherKey([property: Id(0)] string Value);

    public class Foreign;

    [GenerateSerializer]
    [Alias("sample.Question")]
    public sealed record Question
    {
        [Id(0)]
        public Key Key { get; init; }

        [Id(1)]
        public Dictionary<string, int?> Counts { get; init; } = [];

        [Id(3)]
        [Immutable]
        public byte[] Bytes { get; init; } = [];

        public int Total => Counts.Count;
    }

    [GenerateSerializer]
    [Alias("sample.BaseReply")]
    public record BaseReply
    {
        [Id(0)]
        public string Text { get; init; } = "";
    }

    [GenerateSerializer]
    [Alias("sample.Reply")]
    public sealed record Reply : BaseReply
    {
        [Id(0)]
        public ImmutableArray<Reply> Inner { get; init; } = [];

        [Id(1)]
        public DateTimeOffset? When { get; init; }
    }

    [GenerateSerializer]
    [Alias("sample.DeepForeign")]
    public sealed class DeepForeign
    {
        [Id(0)]
        public Foreign? Inner { get; init; }
    }

    [GenerateSerializer]
    public sealed class NamelessMessage;

    [GenerateSerializer]
    [Alias("sample.WithoutId")]
    public sealed class WithoutId
    {
        public int Forgotten { get; init; }
    }

    [GenerateSerializer]
    [Alias("sample.PositionalWithoutId")]
    public sealed record PositionalWithoutId(int Forgotten);

    [GenerateSerializer]
    [Alias("sample.SameIds")]
    public sealed class SameIds
    {
        [Id(1)]
        public int First { get; init; }

        [Id(1)]
        public int Second { get; init; }
    }

    [GenerateSerializer]
    [Alias("sample.Computed")]
    public sealed class Computed
    {
        [Id(0)]
        public int Sum => 3;
    }

    [GenerateSerializer]
    [Alias("sample.ForeignBase")]
    public sealed class ForeignBase : Foreign;
}
