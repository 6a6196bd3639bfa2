using Caur.Contracts.Ids;
using Caur.Grains.State;
using Caur.Storage.State;
using Caur.Tests.Support;

namespace Caur.Tests.Grains;

/// <summary>Stored states with some bytes changed: they are read as something or refused as unreadable, and nothing else is thrown, so that
/// a store of many records goes on without the damaged one.</summary>
public sealed class StateDamageTests
{
    private const int Tries = 500;

    private static readonly string Folder = Path.Combine(SourceTree.Root, "Caur.Tests", "Grains", "State");

    /// <summary>Every state that is stored: <see cref="StateFormatTests"/> keeps a file of each.</summary>
    public static TheoryData<string> States => [.. Directory.EnumerateFiles(Folder, "*.json").Select(static file => Path.GetFileNameWithoutExtension(file)!).Order()];

    [Theory]
    [MemberData(nameof(States))]
    public async Task Deserialize_WhenBytesAreChanged_ThrowsNothingButUnreadable(string state)
    {
        var type = new[] { typeof(GrainStateSerializer), typeof(BuildId) }
            .SelectMany(static known => known.Assembly.GetTypes()).Single(type => type.Name == state);
        var read = typeof(GrainStateSerializer).GetMethod(nameof(GrainStateSerializer.Deserialize))!.MakeGenericMethod(type);
        var sound = await File.ReadAllBytesAsync(
            Path.Combine(Folder, $"{state}.json"), TestContext.Current.CancellationToken);
        var serializer = new GrainStateSerializer();
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var refused = 0;
        for (var i = 0; i < Tries; i++)
        {
            var bytes = (byte[])sound.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                read.Invoke(serializer, System.Reflection.BindingFlags.DoNotWrapExceptions, null, [BinaryData.FromBytes(bytes)], null);
            }
            catch (StateUnreadableException)
            {
                refused++;
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed}, try {i}: {error.GetType()} for {Convert.ToBase64String(bytes)}", error);
            }
        }

        refused.ShouldBeGreaterThan(Tries / 10);
    }
}
