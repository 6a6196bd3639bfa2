using System.Security.Cryptography;
using System.Text;
using Caur.Storage.Signing;

namespace Caur.Tests.Storage.Signing;

/// <summary>What gpg and its agent write is read, and what is anything else is left to gpg.</summary>
public sealed class SignatureFormTests
{
    private static readonly byte[] Issuer = [.. Enumerable.Range(1, 20).Select(number => (byte)number)];

    [Fact]
    public void Compose_WithNumbersOfASignature_GivesItBack()
    {
        var packet = Packet();
        var form = SignatureForm.TryRead(packet).ShouldNotBeNull();
        form.Issuer.ShouldBe(Convert.ToHexString(Issuer));
        form.Digest.ShouldBe(HashAlgorithmName.SHA256);

        // The zeros before a number are not written, and its length is in bits: 0x01 has one.
        form.Compose([0xAB, 0xCD, 0xEF], [[0, 0, 1, 2], [0x80]]).ShouldBe(packet);
        SignatureForm.TryRead(form.Compose(new byte[32], [new byte[300]])).ShouldNotBeNull();
        SignatureForm.TryRead(form.Compose(new byte[32], [[.. Enumerable.Repeat((byte)0xFF, 300)]])).ShouldNotBeNull();
    }

    [Theory]
    [InlineData(0, 0x99)]
    [InlineData(1, 0x01)]
    [InlineData(2, 0x05)]
    [InlineData(3, 0x01)]
    [InlineData(5, 0x02)]
    [InlineData(7, 0xFF)]
    [InlineData(8, 0xFF)]
    [InlineData(9, 0x10)]
    [InlineData(10, 0x05)]
    public void TryRead_WhenSomethingElseIsThere_ReadsNothing(int index, byte value)
    {
        var packet = Packet();
        packet[index] = value;
        SignatureForm.TryRead(packet).ShouldBeNull();
    }

    [Fact]
    public void TryRead_WhenItIsCut_ReadsNothingAndDoesNotFail()
    {
        var packet = Packet();
        for (var length = 0; length < packet.Length; length++)
        {
            SignatureForm.TryRead(packet.AsSpan(0, length)).ShouldBeNull();
        }

        // A body that is whole and cut in itself.
        for (var length = 0; length < 40; length++)
        {
            SignatureForm.TryRead([0x88, (byte)length, .. packet.AsSpan(2, length)]).ShouldBeNull();
        }
    }

    [Theory]
    [InlineData("(7:sig-val(3:rsa(1:s2:ab)))", 1, "ab")]
    [InlineData("(7:sig-val(5:eddsa(1:r2:ab)(1:s3:c:()))", 22, "ab c:(")]
    [InlineData("(7:sig-val(5:ecdsa(1:s1:b)(1:r1:a)))", 19, "a b")]
    [InlineData("(7:sig-val(3:rsa(1:s2:ab)))", 22, null)]
    [InlineData("(7:sig-val(3:rsa(1:s2:ab)))", 17, null)]
    [InlineData("(7:sig-val(3:rsa(1:s(1:x)))))", 1, null)]
    [InlineData("(7:sig-val(3:rsa(1:s)))", 1, null)]
    [InlineData("(7:sig-val(3:rsa(1:s9:ab)))", 1, null)]
    [InlineData("(7:sig-val(3:rsa(1:s-2:ab)))", 1, null)]
    [InlineData("(7:sig-val(3:rsa(1:s999999999999:ab)))", 1, null)]
    [InlineData("(7:enc-val(3:rsa(1:s2:ab)))", 1, null)]
    [InlineData("(7:sig-val(3:rsa(1:s2:ab))", 1, null)]
    [InlineData("((((((((((((", 1, null)]
    [InlineData("7:sig-val", 1, null)]
    [InlineData("", 1, null)]
    public void TryRead_OfTheAgentsAnswer_FindsTheNumbersInOrder(string answer, int algorithm, string? numbers)
    {
        var read = AgentSignature.TryRead(Encoding.ASCII.GetBytes(answer), algorithm);
        (read is null ? null : string.Join(' ', read.Select(Encoding.ASCII.GetString))).ShouldBe(numbers);
    }

    /// <summary>A version 4 signature with an issuer's fingerprint and a time, and two numbers.</summary>
    private static byte[] Packet()
    {
        byte[] hashed = [22, 33, 4, .. Issuer, 5, 2, 0x60, 1, 2, 3];
        byte[] unhashed = [9, 16, .. Issuer.AsSpan(12)];
        byte[] body = [4, 0, 22, 8, 0, (byte)hashed.Length, .. hashed, 0, (byte)unhashed.Length, .. unhashed, 0xAB, 0xCD, 0, 9, 1, 2, 0, 8, 0x80];
        return [0x88, (byte)body.Length, .. body];
    }
}
